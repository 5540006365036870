"""Driving the whole pipeline by the messages' own times, in lockstep, so that two runs say the same to the byte."""
