package bearerd

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

type claimsKey struct{}

// Guard lets a request through only with a good token; the handler finds its claims with ClaimsOf.
//
//	mux.Handle("/orders", daemon.Guard(bearerd.Members{"scope": "orders:read"}, orders))
//	mux.Handle("/delete", daemon.Guard(bearerd.Members{"max_age": 300}, remove)) // a recent login (RFC 9470)
func (client *Client) Guard(members Members, next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		// A field that is sent twice is one list (RFC 9110 section 5.3).
		verdict := client.Verify(request.Context(), strings.Join(request.Header.Values("Authorization"), ", "), members)
		if verdict.OK {
			next.ServeHTTP(writer, request.WithContext(context.WithValue(request.Context(), claimsKey{}, verdict.Claims)))
			return
		}
		header := writer.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Type", "application/json")
		if verdict.WWWAuthenticate != "" {
			header.Set("WWW-Authenticate", verdict.WWWAuthenticate)
		}
		if verdict.RetryAfter > 0 {
			header.Set("Retry-After", fmt.Sprint(int64((verdict.RetryAfter+time.Second-1)/time.Second)))
		}
		writer.WriteHeader(verdict.Status)
		json.NewEncoder(writer).Encode(map[string]string{"error": verdict.Code})
	})
}

// ClaimsOf gives the claims of the token that Guard let through; nil outside of it.
func ClaimsOf(ctx context.Context) map[string]any {
	claims, _ := ctx.Value(claimsKey{}).(map[string]any)
	return claims
}
