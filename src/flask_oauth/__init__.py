"""Flask-OAuth."""
