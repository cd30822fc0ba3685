using System.Buffers;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using PolaFormer.Server.Models;
using PolaFormer.Server.Protocol;
using PolaFormer.Server.Repository;
using PolaFormer.Server.Telemetry;

namespace PolaFormer.Server.Http;

/// <summary>The Open Inference Protocol, version 2, over HTTP.</summary>
internal sealed class OpenInferenceEndpoints(ModelRepository repository, TensorInference inference, BodyReader bodies, Readiness readiness, ServerOptions options)
{
    private const string LengthHeader = "Inference-Header-Content-Length", Protocol = "v2";

    // Parsing is work of the processor, and takes several times the memory of the body.
    private readonly SemaphoreSlim _parsers = new(Environment.ProcessorCount);

    /// <summary>The extensions that are offered.</summary>
    public static IReadOnlyList<string> Extensions { get; } = ["binary_tensor_data", "model_repository"];

    /// <summary>Adds the addresses.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v2/health/live", () => Results.Json(new { live = true }));
        routes.MapGet("/v2/health/ready", () => Results.Json(new { ready = readiness.IsReady }, statusCode: readiness.IsReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable));
        routes.MapGet("/v2", () => Results.Json(new { name = "polaformer", version = BuildInformation.Version, extensions = Extensions }));
        routes.MapGet("/v2/models/{name}/ready", (string name) => ModelReady(name));
        routes.MapGet("/v2/models/{name}/versions/{version}/ready", (string name, string version) => ModelReady(name, version));
        routes.MapGet("/v2/models/{name}", (string name) => Metadata(name, null));
        routes.MapGet("/v2/models/{name}/versions/{version}", (string name, string version) => Metadata(name, version));
        routes.MapPost("/v2/models/{name}/infer", (HttpContext context, string name) => InferAsync(context, name, null));
        routes.MapPost("/v2/models/{name}/versions/{version}/infer", (HttpContext context, string name, string version) => InferAsync(context, name, version));
        routes.MapPost("/v2/repository/index", (Delegate)Index);
        routes.MapPost("/v2/repository/models/{name}/load", async (string name) =>
        {
            RequireControl(options);
            await repository.LoadAsync(name);
            return Results.Json(new { });
        });
        routes.MapPost("/v2/repository/models/{name}/unload", async (string name) =>
        {
            RequireControl(options);
            await repository.UnloadAsync(name);
            return Results.Json(new { });
        });
    }

    /// <summary>Refuses to change which models are served, unless the server was started for that.</summary>
    /// <exception cref="ServingException">It was not.</exception>
    public static void RequireControl(ServerOptions options)
    {
        if (!options.AllowsModelControl)
            throw ServingException.Forbidden("Models are not loaded and unloaded by requests. Start the server with --allow-model-control.");
    }

    private IResult ModelReady(string name, string? version = null)
    {
        try
        {
            using ModelLease lease = repository.Acquire(name, version);
            return Results.Json(new { name, ready = true });
        }
        catch (ServingException error) when (error.Status == StatusCodes.Status503ServiceUnavailable)
        {
            return Results.Json(new { name, ready = false }, statusCode: error.Status);
        }
    }

    private IResult Metadata(string name, string? version)
    {
        using ModelLease lease = repository.Acquire(name, version);
        LoadedModel model = lease.Model;
        return Results.Json(new
        {
            name,
            versions = new[] { model.Version },
            platform = "polaformer",
            inputs = model.Model.Inputs.Select(Shown),
            outputs = model.Model.Outputs.Select(Shown),
            properties = new Dictionary<string, string> { ["task"] = model.Model.Task.ToString().ToLowerInvariant(), ["architecture"] = model.Model.Architecture },
        });

        static object Shown(TensorInfo tensor) => new { name = tensor.Name, datatype = tensor.Datatype, shape = tensor.Shape };
    }

    private async Task InferAsync(HttpContext context, string name, string? version)
    {
        using ModelLease lease = repository.Acquire(name, version);
        int status = StatusCodes.Status200OK;
        try
        {
            InferRequest request = await ReadAsync(context);
            IReadOnlyList<InferTensor> outputs = await inference.RunAsync(lease.Model, request, context.RequestAborted);
            var buffer = new ArrayBufferWriter<byte>();
            int? json = InferJson.Write(buffer, name, lease.Model.Version, request, outputs);
            context.Response.ContentType = json is null ? "application/json" : "application/octet-stream";
            if (json is { } length)
                context.Response.Headers[LengthHeader] = length.ToString(CultureInfo.InvariantCulture);
            context.Response.ContentLength = buffer.WrittenCount;
            await context.Response.BodyWriter.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
        }
        catch (Exception error)
        {
            status = ServingException.StatusOf(error);
            throw;
        }
        finally
        {
            lease.Model.Meter.Ended(Protocol, status);
        }
    }

    private async Task<InferRequest> ReadAsync(HttpContext context)
    {
        int? jsonLength = null;
        if (context.Request.Headers.TryGetValue(LengthHeader, out Microsoft.Extensions.Primitives.StringValues header))
        {
            jsonLength = int.TryParse(header.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out int length)
                ? length
                : throw ServingException.BadRequest($"{LengthHeader} is no number of bytes.");
        }

        using BodyReader.Body body = await bodies.ReadAsync(context);
        await _parsers.WaitAsync(context.RequestAborted);
        try
        {
            return InferJson.Read(body.Bytes, jsonLength);
        }
        finally
        {
            _parsers.Release();
        }
    }

    // The body may ask for the ready ones alone: {"ready": true}.
    private async Task<IResult> Index(HttpContext context)
    {
        using BodyReader.Body body = await bodies.ReadAsync(context);
        bool onlyReady = body.Bytes.Length > 0 && InferJson.ReadFlag(body.Bytes, "ready");
        return Results.Json(repository.Index().Where(model => !onlyReady || model.State == ModelStatus.Ready).Select(model => new { name = model.Name, version = model.Version, state = model.State, reason = model.Reason }));
    }
}
