"""Files: whole datasets, Zarr stores, tables and TOML."""
