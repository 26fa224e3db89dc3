"""An export is tried out in a throw-away server before any customer sees it."""
