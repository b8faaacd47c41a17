"""设备: the phones' and tablets' way in: settings and the exchange."""
