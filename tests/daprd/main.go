// Dapr's runtime with the few components that the tests use. The runtime is Dapr's own, linked as a library; this file
// only chooses what is in it. Dapr's own command registers every component there is, which takes ten times as long to build.
package main

import (
	"context"
	"os"

	"go.opencensus.io/stats/view"

	"github.com/dapr/dapr/cmd/daprd/options"
	"github.com/dapr/dapr/pkg/healthz"
	"github.com/dapr/dapr/pkg/metrics"
	"github.com/dapr/dapr/pkg/modes"
	"github.com/dapr/dapr/pkg/runtime"
	"github.com/dapr/dapr/pkg/security"
	"github.com/dapr/kit/concurrency"
	"github.com/dapr/kit/logger"
	"github.com/dapr/kit/signals"
)

var log = logger.NewLogger("daprd-for-tests")

func main() {
	if err := run(signals.Context()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	opts, err := options.New(os.Args[1:])
	if err != nil {
		return err
	}
	opts.Logger.SetAppID(opts.AppID)
	if err = logger.ApplyOptionsToLoggers(&opts.Logger); err != nil {
		return err
	}
	health := healthz.New()
	provider, err := security.New(ctx, security.Options{
		AppID: opts.AppID, Mode: modes.DaprMode(opts.Mode), MTLSEnabled: opts.EnableMTLS, Healthz: health,
		ControlPlaneTrustDomain: opts.ControlPlaneTrustDomain, ControlPlaneNamespace: opts.ControlPlaneNamespace,
	})
	if err != nil {
		return err
	}
	return concurrency.NewRunnerManager(provider.Run, func(ctx context.Context) error {
		handler, err := provider.Handler(ctx)
		if err != nil {
			return err
		}
		daprd, err := runtime.FromConfig(ctx, config(opts, handler, health))
		if err != nil {
			return err
		}
		return daprd.Run(ctx)
	}).Run(ctx)
}

// config passes on what the command line says.
func config(opts *options.Options, handler security.Handler, health healthz.Healthz) *runtime.Config {
	return &runtime.Config{
		AppID: opts.AppID, Mode: opts.Mode, Config: opts.Config, Registry: components(),
		ResourcesPath: opts.ResourcesPath, ComponentsPath: opts.ComponentsPath,

		ActorsService: opts.ActorsService, RemindersService: opts.RemindersService,
		SchedulerAddress: opts.SchedulerAddress, SchedulerStreams: opts.SchedulerJobStreams,
		ControlPlaneAddress: opts.ControlPlaneAddress,

		AppProtocol: opts.AppProtocol, ApplicationPort: opts.AppPort, AppChannelAddress: opts.AppChannelAddress,
		AppSSL: opts.AppSSL, AppMaxConcurrency: opts.AppMaxConcurrency,
		EnableAppHealthCheck: opts.EnableAppHealthCheck, AppHealthCheckPath: opts.AppHealthCheckPath,
		AppHealthProbeInterval: opts.AppHealthProbeInterval, AppHealthProbeTimeout: opts.AppHealthProbeTimeout,
		AppHealthThreshold: opts.AppHealthThreshold,

		DaprHTTPPort: opts.DaprHTTPPort, DaprAPIGRPCPort: opts.DaprAPIGRPCPort, AllowedOrigins: opts.AllowedOrigins,
		DaprAPIListenAddresses: opts.DaprAPIListenAddresses, UnixDomainSocket: opts.UnixDomainSocket,
		DaprInternalGRPCPort: opts.DaprInternalGRPCPort, DaprInternalGRPCListenAddress: opts.DaprInternalGRPCListenAddress,
		DaprPublicPort: opts.DaprPublicPort, DaprPublicListenAddress: opts.DaprPublicListenAddress,
		ProfilePort: opts.ProfilePort, EnableProfiling: opts.EnableProfiling,
		EnableAPILogging: opts.EnableAPILogging, DisableInitEndpoints: opts.DisableInitEndpoints,
		MaxRequestSize: opts.MaxRequestSize, ReadBufferSize: opts.ReadBufferSize,

		DaprGracefulShutdownSeconds: opts.DaprGracefulShutdownSeconds,
		DaprBlockShutdownDuration:   opts.DaprBlockShutdownDuration,

		EnableMTLS: opts.EnableMTLS, Security: handler, Healthz: health,
		Metrics: metrics.Options{
			Enabled: opts.Metrics.Enabled(), Port: opts.Metrics.Port(), ListenAddress: opts.Metrics.ListenAddress(),
			Namespace: metrics.DefaultMetricNamespace, Log: log, Healthz: health, Meter: view.NewMeter(),
		},
	}
}
