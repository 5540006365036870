"""What every service that answers HTTP has in common: who calls, how errors are told, how it is watched."""
