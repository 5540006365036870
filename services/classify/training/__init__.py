"""How a model is made: rows of people's judgement in, a folder of checked weights out."""
