"""设备登记: phones and tablets are enrolled by a one-time code, revoked, wiped."""
