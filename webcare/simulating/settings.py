"""The settings of the spike step that a simulation runs under."""

from dataclasses import replace
from pathlib import Path

from services.classify.spikes.calendar import Calendar
from services.classify.spikes.settings import SpikeSettings
from webcare.config.build import spike_settings
from webcare.config.load import load_config

_ZONE = "Europe/Amsterdam"


def base_of(config: Path | None) -> SpikeSettings:
    """The settings of this configuration, or the usual ones; simulated weeks have no public holidays."""
    if config is None:
        return SpikeSettings(calendar=Calendar(_ZONE, None))
    read = load_config(config).config
    return replace(spike_settings(read), calendar=Calendar(read.timezone, None))


def settings_for(budget: float | None, base: SpikeSettings) -> SpikeSettings:
    """The same with this budget of false pages a month, where one is named."""
    return base if budget is None else replace(base, false_pages_per_month=budget)
