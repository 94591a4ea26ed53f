from flask import Flask

from flask_oauth import OAuth

app = Flask(__name__)
app.config.from_prefixed_env()
oauth = OAuth(app)
oauth.remote_app("github")  # no URL: the preset of that name; "did you mean" for an unknown one
app.register_blueprint(oauth.blueprint, url_prefix="/auth")


@app.get("/")
@oauth.login_required
def home():
    return f"Hello {oauth.user.name}"
