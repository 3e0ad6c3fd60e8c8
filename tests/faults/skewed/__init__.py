"""Not imported by us: its one module is found by Python itself, see there."""
