"""The catalogue of figures and what is exported are the same list."""

from prometheus_client import CollectorRegistry, generate_latest

from backbone.metrics import CATALOGUE, Metrics


def test_every_figure_of_the_catalogue_is_exported_and_no_other() -> None:
    metrics = Metrics(CollectorRegistry())
    exported = {(family.name, family.type, family.documentation) for family in metrics.registry.collect()}
    assert exported == {(metric.name.removesuffix("_total"), metric.kind, metric.meaning) for metric in CATALOGUE}


def test_names_say_their_kind_and_unit() -> None:
    for metric in CATALOGUE:
        assert metric.name.startswith("webcare_")
        assert metric.name.endswith("_total") == (metric.kind == "counter")
        assert bool(metric.buckets) == (metric.kind == "histogram")


def test_two_sets_of_figures_live_side_by_side() -> None:
    first, second = Metrics(CollectorRegistry()), Metrics(CollectorRegistry())
    first.mentions.labels("accepted", "").inc()
    assert b'outcome="accepted"' in generate_latest(first.registry)
    assert b'outcome="accepted"' not in generate_latest(second.registry)
