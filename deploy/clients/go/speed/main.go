// The Go client against golang-jwt; see deploy/clients/speed.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"time"

	"bearerd"

	"github.com/golang-jwt/jwt/v4"
)

const rounds, calls = 9, 200

type facts struct {
	Token, Alg, Issuer, Audience string
	JWKS                         struct{ Keys []map[string]string }
}

func main() {
	var given facts
	must(json.NewDecoder(os.Stdin).Decode(&given))
	daemon := bearerd.New("", 2*time.Second)
	key, err := publicKey(given.JWKS.Keys[0])
	must(err)
	parser := jwt.NewParser(jwt.WithValidMethods([]string{given.Alg}))

	ask := func() {
		if !daemon.Verify(context.Background(), "Bearer "+given.Token, nil).OK {
			must(errors.New("the daemon refused the token"))
		}
	}
	alone := func() {
		claims := jwt.MapClaims{}
		_, err := parser.ParseWithClaims(given.Token, claims, func(*jwt.Token) (any, error) { return key, nil })
		must(err)
		if !claims.VerifyIssuer(given.Issuer, true) || !claims.VerifyAudience(given.Audience, true) {
			must(errors.New("the library refused the token"))
		}
	}

	asked, verified := []float64{}, []float64{}
	times(ask)
	times(alone)
	for round := 0; round < rounds; round++ {
		asked = append(asked, times(ask)...)
		verified = append(verified, times(alone)...)
	}
	result := map[string]any{"library": "golang-jwt 4", "ask": asked, "alone": verified}
	must(json.NewEncoder(os.Stdout).Encode(result))
}

// publicKey reads a key of a set, which golang-jwt leaves to its caller.
func publicKey(jwk map[string]string) (any, error) {
	numbers := map[string]*big.Int{}
	for _, name := range []string{"n", "e", "x", "y"} {
		bytes, err := base64.RawURLEncoding.DecodeString(jwk[name])
		if err != nil {
			return nil, err
		}
		numbers[name] = new(big.Int).SetBytes(bytes)
	}
	if jwk["kty"] == "RSA" {
		return &rsa.PublicKey{N: numbers["n"], E: int(numbers["e"].Int64())}, nil
	}
	return &ecdsa.PublicKey{Curve: elliptic.P256(), X: numbers["x"], Y: numbers["y"]}, nil
}

func times(call func()) []float64 {
	found := make([]float64, calls)
	for at := range found {
		start := time.Now()
		call()
		found[at] = float64(time.Since(start).Nanoseconds()) / 1000
	}
	return found
}

func must(err error) {
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}
