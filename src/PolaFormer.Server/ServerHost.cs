using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using PolaFormer.Cuda;
using PolaFormer.Files;
using PolaFormer.Server.Http;
using PolaFormer.Server.Inference;
using PolaFormer.Server.Protocol;
using PolaFormer.Server.Repository;
using PolaFormer.Server.Telemetry;
using PolaFormer.Tensors;

namespace PolaFormer.Server;

/// <summary>Puts the server together and runs it.</summary>
internal static partial class ServerHost
{
    private const string Exporter = "OTEL_EXPORTER_OTLP_ENDPOINT";

    // Upper bounds in seconds, from a fraction of a millisecond to the time limit of requests.
    private static readonly double[] s_seconds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];
    private static readonly double[] s_sizes = [1, 2, 4, 8, 16, 32, 64, 128];

    /// <summary>Runs a server until a signal ends it: requests under way are answered first.</summary>
    public static async Task RunAsync(ServerOptions options)
    {
        await using WebApplication server = Build(options);
        await server.StartAsync();
        await LoadAsync(server);
        using PosixSignalRegistration? reload = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => Reload(server, signal));
        await server.WaitForShutdownAsync();
        await server.Services.GetRequiredService<ModelRepository>().CloseAsync();
    }

    /// <summary>Makes a server that is not started.</summary>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    /// <exception cref="FileException">A file of the settings cannot be read.</exception>
    public static WebApplication Build(ServerOptions options)
    {
        options.Check();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        var catalog = new ModelCatalog(options.Models, options.Folders);
        catalog.Check();
        builder.Services.AddSingleton(options).AddSingleton(options.Limits).AddSingleton(catalog).AddSingleton(options.Scheduling).AddSingleton(OpenDevice(options.Device))
            .AddSingleton(ApiKeys.Read(options.ApiKeys)).AddSingleton(new RemoteImages(options.UrlPrefixes, options.Limits))
            .AddSingleton<Readiness>().AddSingleton<ServerMeter>().AddSingleton<InferenceService>().AddSingleton<TensorInference>().AddSingleton<BodyReader>()
            .AddSingleton<PredictInputs>().AddSingleton<PredictEndpoint>().AddSingleton<AttentionEndpoint>().AddSingleton<OpenInferenceEndpoints>()
            .AddSingleton(services => new ModelRepository(catalog, options.Scheduling, services.GetRequiredService<Device>(), services.GetRequiredService<ServerMeter>(), services.GetRequiredService<ILogger<ModelRepository>>()));
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = (int)options.Limits.MaxBodyBytes);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.Limits.DrainTime);
        Observe(builder);
        Log(builder, options);
        X509Certificate2? certificate = CertificateOf(options);
        if (certificate is not null)
            builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, options, certificate));
        return Routed(builder.Build(), options);
    }

    /// <summary>Loads the models of a server; it is ready then.</summary>
    public static async Task LoadAsync(WebApplication server)
    {
        await server.Services.GetRequiredService<ModelRepository>().LoadAllAsync();
        server.Services.GetRequiredService<Readiness>().IsReady = true;
        LogReady(server.Logger, string.Join(", ", server.Urls), BuildInformation.Version);
    }

    private static WebApplication Routed(WebApplication server, ServerOptions options)
    {
        Readiness readiness = server.Services.GetRequiredService<Readiness>();
        server.Lifetime.ApplicationStopping.Register(() => readiness.IsReady = false);
        server.UseMiddleware<Problems>();
        server.Use(SecurityHeaders.Invoke);
        server.Use(server.Services.GetRequiredService<ApiKeys>().Invoke);
        server.UseRouting();
        server.Use(ServerTrace.NameRequest);
        PageFiles.Map(server);
        server.Services.GetRequiredService<OpenInferenceEndpoints>().Map(server);
        server.Services.GetRequiredService<PredictEndpoint>().Map(server);
        server.Services.GetRequiredService<AttentionEndpoint>().Map(server);
        server.MapPrometheusScrapingEndpoint("/metrics");
        if (options.GrpcPort is not null || options.Certificate is not null)
            server.MapGrpcService<GrpcInferenceService>();
        server.MapFallback((RequestDelegate)(_ => throw ServingException.NotFound("There is no such address. See /api.")));
        return server;
    }

    private static void Listen(KestrelServerOptions kestrel, ServerOptions options, X509Certificate2? certificate)
    {
        LimitOptions limits = options.Limits;
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = limits.MaxConnections;

        // Bodies are limited where they are read, so that a client that sends too much gets to read the answer.
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MaxRequestHeadersTotalSize = limits.MaxHeaderBytes;
        kestrel.Limits.MaxRequestHeaderCount = 64;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(limits.MinBytesPerSecond, TimeSpan.FromSeconds(5));
        kestrel.Limits.MinResponseDataRate = new MinDataRate(limits.MinBytesPerSecond, TimeSpan.FromSeconds(5));
        IPAddress address = IPAddress.TryParse(options.Address, out IPAddress? parsed) ? parsed : throw new ArgumentException($"--address takes an address such as 127.0.0.1 or ::1, not '{options.Address}'.");
        kestrel.Listen(address, options.Port, listen =>
        {
            listen.Protocols = certificate is null ? HttpProtocols.Http1 : HttpProtocols.Http1AndHttp2;
            if (certificate is not null)
                listen.UseHttps(new HttpsConnectionAdapterOptions { ServerCertificate = certificate });
        });
        if (options.GrpcPort is { } port)
            kestrel.Listen(address, port, listen => listen.Protocols = HttpProtocols.Http2);
    }

    private static X509Certificate2? CertificateOf(ServerOptions options)
    {
        if (options.Certificate is not { } path)
            return null;
        InputFile.Check(path);
        if (options.CertificateKey is { } key)
            InputFile.Check(key);
        return X509Certificate2.CreateFromPemFile(path, options.CertificateKey);
    }

    private static Device OpenDevice(string name)
    {
        if (name != Device.Cpu.Name)
            CudaDevice.Register();
        return Device.Open(name);
    }

    // Spans go where the environment says, by OpenTelemetry's own variables; metrics are fetched from /metrics, too.
    private static void Observe(WebApplicationBuilder builder)
    {
        bool exports = Environment.GetEnvironmentVariable(Exporter) is { Length: > 0 };
        OpenTelemetryBuilder telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("polaformer", serviceVersion: BuildInformation.Version))
            .WithMetrics(metrics => metrics.AddMeter(ServerMeter.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
                .AddView("polaformer.batch.size", new ExplicitBucketHistogramConfiguration { Boundaries = s_sizes })
                .AddView(instrument => instrument.Name.StartsWith("polaformer.", StringComparison.Ordinal) && instrument.Unit == "s" ? new ExplicitBucketHistogramConfiguration { Boundaries = s_seconds } : null)
                .AddPrometheusExporter(exporter => exporter.ScrapeResponseCacheDurationMilliseconds = 0));
        if (!exports)
            return;
        telemetry.WithTracing(traces => traces.AddSource("Microsoft.AspNetCore", ServerTrace.SourceName).AddOtlpExporter());
        telemetry.WithMetrics(metrics => metrics.AddOtlpExporter());
    }

    private static void Log(WebApplicationBuilder builder, ServerOptions options)
    {
        builder.Logging.ClearProviders();
        builder.Logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning).AddFilter("Grpc", LogLevel.Critical);
        if (options.LogsJson)
            builder.Logging.AddJsonConsole(console => console.UseUtcTimestamp = true);
        else
            builder.Logging.AddSimpleConsole(console => (console.SingleLine, console.TimestampFormat, console.UseUtcTimestamp) = (true, "HH:mm:ss ", true));
    }

    // What cannot be served keeps the model before it.
    private static void Reload(WebApplication server, PosixSignalContext signal)
    {
        signal.Cancel = true;
        _ = Task.Run(async () =>
        {
            ModelRepository repository = server.Services.GetRequiredService<ModelRepository>();
            foreach (ModelStatus model in repository.Index())
            {
                try
                {
                    await repository.LoadAsync(model.Name);
                }
                catch (ServingException)
                {
                    // The repository has written why.
                }
            }
        });
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Ready on {Addresses}, version {Version}.")]
    private static partial void LogReady(ILogger logger, string addresses, string version);
}
