"""Points: streams, designs, sequences and copulas."""
