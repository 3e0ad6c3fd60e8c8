"""The Django project: wires the apps together and decides nothing."""
