"""数据推送: every change a subscriber may see, signed, in order, from a cursor that can be set back."""
