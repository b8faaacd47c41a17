"""An order to erase, and a hold that stands against it."""
