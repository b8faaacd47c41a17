"""The phone's page, as it was built from web/phone/."""
