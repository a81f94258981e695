"""What every test shares."""

from hypothesis import settings

# A shared machine may pause any test for seconds: how long an example took says nothing about it.
settings.register_profile("sevenfold", deadline=None)
settings.load_profile("sevenfold")
