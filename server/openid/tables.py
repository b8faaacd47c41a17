"""Who went to the provider and has not come back."""

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Model


class Journey(Model):
    """One browser's way to the provider and back; it goes with its use."""

    __tablename__ = "openid_journeys"
    state: Mapped[str] = mapped_column(
        String(64), primary_key=True
    )  # SHA-256 of what the browser brings back
    flow: Mapped[str] = mapped_column(String(64))  # SHA-256 of what only the browser that went knows
    sealed: Mapped[str] = mapped_column(Text)  # nonce and PKCE verifier
    expires_at: Mapped[str] = mapped_column(String(24))
