import sys
from pathlib import Path
from wsgiref.simple_server import make_server

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path

from bearerd import Bearerd
from bearerd_django import require_token

daemon = Bearerd()
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="for this test only")


def subject(request):
    return JsonResponse({"subject": request.claims["sub"]})


urlpatterns = [
    path("me", require_token(daemon)(subject)),
    path("orders", require_token(daemon, scope="orders:read")(subject)),
    path("delete", require_token(daemon, max_age=300)(subject)),
]

server = make_server("127.0.0.1", 0, get_wsgi_application())
print(server.server_port, flush=True)
server.serve_forever()
