"""What every view has in common."""

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """A public record; made from the attributes of the record it shows."""

    model_config = ConfigDict(from_attributes=True)
