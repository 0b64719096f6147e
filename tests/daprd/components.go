package main

import (
	"github.com/dapr/components-contrib/bindings/cron"
	bindinghttp "github.com/dapr/components-contrib/bindings/http"
	configurationredis "github.com/dapr/components-contrib/configuration/redis"
	"github.com/dapr/components-contrib/conversation/echo"
	"github.com/dapr/components-contrib/crypto/jwks"
	"github.com/dapr/components-contrib/crypto/localstorage"
	lockredis "github.com/dapr/components-contrib/lock/redis"
	resolversqlite "github.com/dapr/components-contrib/nameresolution/sqlite"
	pubsubmemory "github.com/dapr/components-contrib/pubsub/in-memory"
	pubsubredis "github.com/dapr/components-contrib/pubsub/redis"
	"github.com/dapr/components-contrib/secretstores/local/env"
	"github.com/dapr/components-contrib/secretstores/local/file"
	statememory "github.com/dapr/components-contrib/state/in-memory"
	stateredis "github.com/dapr/components-contrib/state/redis"
	statesqlite "github.com/dapr/components-contrib/state/sqlite"

	"github.com/dapr/dapr/pkg/components/bindings"
	"github.com/dapr/dapr/pkg/components/configuration"
	"github.com/dapr/dapr/pkg/components/conversation"
	"github.com/dapr/dapr/pkg/components/crypto"
	"github.com/dapr/dapr/pkg/components/lock"
	"github.com/dapr/dapr/pkg/components/middleware/http"
	"github.com/dapr/dapr/pkg/components/nameresolution"
	"github.com/dapr/dapr/pkg/components/pubsub"
	"github.com/dapr/dapr/pkg/components/secretstores"
	"github.com/dapr/dapr/pkg/components/state"
	"github.com/dapr/dapr/pkg/runtime/registry"
)

// components is the choice: a type in a component's YAML that is not named here is refused by daprd.
func components() *registry.Options {
	state.DefaultRegistry.Logger = log
	state.DefaultRegistry.RegisterComponent(statememory.NewInMemoryStateStore, "in-memory")
	state.DefaultRegistry.RegisterComponent(statesqlite.NewSQLiteStateStore, "sqlite", "sqlite3")
	state.DefaultRegistry.RegisterComponent(stateredis.NewRedisStateStore, "redis")

	pubsub.DefaultRegistry.Logger = log
	pubsub.DefaultRegistry.RegisterComponent(pubsubmemory.New, "in-memory")
	pubsub.DefaultRegistry.RegisterComponent(pubsubredis.NewRedisStreams, "redis")

	secretstores.DefaultRegistry.Logger = log
	secretstores.DefaultRegistry.RegisterComponent(file.NewLocalSecretStore, "local.file")
	secretstores.DefaultRegistry.RegisterComponent(env.NewEnvSecretStore, "local.env")

	configuration.DefaultRegistry.Logger = log
	configuration.DefaultRegistry.RegisterComponent(configurationredis.NewRedisConfigurationStore, "redis")

	lock.DefaultRegistry.Logger = log
	lock.DefaultRegistry.RegisterComponent(lockredis.NewStandaloneRedisLock, "redis")

	crypto.DefaultRegistry.Logger = log
	crypto.DefaultRegistry.RegisterComponent(localstorage.NewLocalStorageCrypto, "dapr.localstorage")
	crypto.DefaultRegistry.RegisterComponent(jwks.NewJWKSCrypto, "dapr.jwks")

	bindings.DefaultRegistry.Logger = log
	bindings.DefaultRegistry.RegisterOutputBinding(bindinghttp.NewHTTP, "http")
	bindings.DefaultRegistry.RegisterInputBinding(cron.NewCron, "cron")

	conversation.DefaultRegistry.Logger = log
	conversation.DefaultRegistry.RegisterComponent(echo.NewEcho, "echo")

	nameresolution.DefaultRegistry.Logger = log
	nameresolution.DefaultRegistry.RegisterComponent(resolversqlite.NewResolver, "sqlite")

	return registry.NewOptions().
		WithStateStores(state.DefaultRegistry).WithPubSubs(pubsub.DefaultRegistry).
		WithSecretStores(secretstores.DefaultRegistry).WithConfigurations(configuration.DefaultRegistry).
		WithLocks(lock.DefaultRegistry).WithCryptoProviders(crypto.DefaultRegistry).
		WithBindings(bindings.DefaultRegistry).WithNameResolutions(nameresolution.DefaultRegistry).
		WithHTTPMiddlewares(http.DefaultRegistry).WithConversations(conversation.DefaultRegistry)
}
