using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using PolaFormer.Server.Inference;
using PolaFormer.Server.Models;
using PolaFormer.Server.Repository;

namespace PolaFormer.Server.Http;

/// <summary><c>POST /v1/predict</c>: an image or a text in, the answer of the model's task out; and <c>GET /v1/models</c>.</summary>
internal sealed class PredictEndpoint(ModelRepository repository, InferenceService service, PredictInputs inputs, BodyReader bodies)
{
    private const string Protocol = "v1";

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Adds the addresses.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/predict", PredictAsync);
        routes.MapGet("/v1/models", () => Results.Json(repository.Loaded.Select(model => new
        {
            name = model.Name,
            version = model.Version,
            task = TaskOf(model.Model),
            architecture = model.Model.Architecture,
            classes = model.Model.Labels.Count,
            inputs = model.Model.Inputs.Select(input => input.Name),
            attention = model.Model.HasAttention,
        })));
    }

    private async Task PredictAsync(HttpContext context)
    {
        var options = PredictOptions.From(context.Request.Query);
        using ModelLease lease = repository.Acquire(options.Model);
        LoadedModel model = lease.Model;
        int status = StatusCodes.Status200OK;
        try
        {
            // Image files are parts of the body until they are decoded.
            using BodyReader.Body body = await bodies.ReadAsync(context);
            IReadOnlyList<(string Name, InputData Data)> given = await inputs.ReadAsync(context.Request.ContentType, body.Bytes, options.WantsEmbedding, context.RequestAborted);
            Outcome[] outcomes = await service.RunAsync(model, [.. given.Select(input => input.Data)], options.Timeout, context.RequestAborted);

            // One input that fails is a failed request; of several the others are wanted all the same.
            if (outcomes is [{ Problem: { } problem }])
                throw problem;
            await context.Response.WriteAsJsonAsync(
                new
                {
                    model = model.Name,
                    version = model.Version,
                    task = TaskOf(model.Model),
                    results = outcomes.Zip(given, (outcome, input) => PredictAnswer.Of(input.Name, outcome, model.Model, options)),
                },
                s_json,
                context.RequestAborted);
        }
        catch (Exception error)
        {
            status = ServingException.StatusOf(error);
            throw;
        }
        finally
        {
            model.Meter.Ended(Protocol, status);
        }
    }

    private static string TaskOf(ServedModel model) => model.Task.ToString().ToLowerInvariant();
}
