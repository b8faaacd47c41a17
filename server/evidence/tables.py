"""The read model of devices' keys."""

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from server.database import RecordRow


class DeviceKeyRow(RecordRow):
    """A device's key as it stands; `until` where it holds no longer."""

    __tablename__ = "device_keys"
    key: Mapped[str] = mapped_column(String(16))
    person: Mapped[str] = mapped_column(String(36))
    device: Mapped[str] = mapped_column(String(64))
    public: Mapped[str] = mapped_column(String(88))
    since: Mapped[str] = mapped_column(String(24))
    until: Mapped[str | None] = mapped_column(String(24))
    __table_args__ = (Index("device_keys_person", "person"), Index("device_keys_key", "key"))
