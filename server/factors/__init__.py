"""第二因素: a code beside the password (TOTP, RFC 6238), and codes for when its device is lost."""
