"""Versioned offline work for any dossier: journal, merge, exchange. It knows neither the office nor Flask."""
