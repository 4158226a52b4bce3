"""Guards views of a Django application. Copy it beside bearerd.py.

    daemon = Bearerd()

    @require_token(daemon, scope="orders:read")
    def orders(request):
        return JsonResponse({"subject": request.claims["sub"]})

`max_age=300` demands a login within the last five minutes (RFC 9470); any other member of a verify request goes too.
"""

import functools

from django.http import JsonResponse


def require_token(daemon, **members):
    """Lets a request through only with a good token; the view finds its claims in `request.claims`."""

    def decorate(view):
        @functools.wraps(view)
        def guarded(request, *arguments, **values):
            verdict = daemon.verify(request.headers.get("Authorization", ""), **members)
            if not verdict.ok:
                return JsonResponse({"error": verdict.code}, status=verdict.status, headers=verdict.headers())
            request.claims = verdict.claims
            return view(request, *arguments, **values)

        return guarded

    return decorate
