"""`python -m amonition.demo`: the service with emulators around it, and its journey shown live.

Imports no Django and no emulator: everything runs in processes of its own, in an environment made
for it, so that nothing of a real account can be reached.
"""
