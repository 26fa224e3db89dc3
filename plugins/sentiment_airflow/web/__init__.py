"""The Models page as a web application: requests, permissions, templates. `sentiment.models_page` says what to show."""
