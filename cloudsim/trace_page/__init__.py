"""The HTML page of `traces inspect --html`."""
