"""取证: photographs as evidence: the record that names them, their bytes, their thumbnails."""
