// Dapr's placement service, which tells sidecars where each actor lives; the whole of it is Dapr's own.
package main

import "github.com/dapr/dapr/cmd/placement/app"

func main() {
	app.Run()
}
