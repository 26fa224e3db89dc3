"""The Models page as a web application: requests, permissions, templates. What it shows is `sentiment.models_page`."""
