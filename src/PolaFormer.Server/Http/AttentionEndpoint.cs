using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using PolaFormer.Server.Models;
using PolaFormer.Server.Repository;
using PolaFormer.Vision;

namespace PolaFormer.Server.Http;

/// <summary><c>POST /v1/attention</c>: where a classifier looks in an image, from one place of it, layer by layer.</summary>
internal sealed class AttentionEndpoint(ModelRepository repository, BodyReader bodies, LimitOptions limits)
{
    /// <summary>Adds the address.</summary>
    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/attention", async (HttpContext context) =>
    {
        using ModelLease lease = repository.Acquire(context.Request.Query.TryGetValue("model", out Microsoft.Extensions.Primitives.StringValues name) ? name.ToString() : null);
        float x = PredictOptions.Number(context.Request.Query, "x", 0f, 1f) ?? 0.5f, y = PredictOptions.Number(context.Request.Query, "y", 0f, 1f) ?? 0.5f;
        using BodyReader.Body body = await bodies.ReadAsync(context);
        try
        {
            AttentionView view = await lease.Model.AttentionAsync();
            AttentionRows rows = await view.LookAsync(body.Bytes, x, y, limits, context.RequestAborted);
            return Results.Json(new
            {
                model = lease.Model.Name,
                seen_share = rows.SeenShare,
                layers = rows.Layers.Select(layer => new { name = layer.Layer, mechanism = layer.Mechanism, height = layer.Height, width = layer.Width, query = new[] { layer.QueryX, layer.QueryY }, weights = layer.Weights }),
            });
        }
        catch (ImageException error)
        {
            throw ServingException.Unprocessable($"The image cannot be read: {error.Message}.");
        }
    });
}
