using System.Text.Json;
using Microsoft.AspNetCore.Routing;

namespace PolaFormer.Server.Tests;

public sealed class DescriptionTests(SharedServer shared) : IClassFixture<SharedServer>
{
    [Fact]
    public async Task TheDescriptionHasEveryAddressAndNoOther()
    {
        (_, JsonElement json) = await shared.Server.GetAsync("/openapi.json");
        string[] described = [.. json.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(method => $"{method.Name.ToUpperInvariant()} {path.Name}")).Order()];
        var source = (EndpointDataSource)shared.Server.Services.GetService(typeof(EndpointDataSource))!;
        string[] pages = ["/", "/page.js", "/page.css", "/api", "/api.js", "/icon.svg", "/openapi.json"];
        string[] served =
        [
            .. source.Endpoints.OfType<RouteEndpoint>().Where(endpoint => endpoint.RoutePattern.RawText is { } path && !pages.Contains(path) && !path.StartsWith("/inference.", StringComparison.Ordinal) && !path.Contains('*', StringComparison.Ordinal) && path != "{unimplementedService}/{unimplementedMethod:grpcunimplemented}")
                .Select(endpoint => $"{endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods[0] ?? "GET"} {endpoint.RoutePattern.RawText}").Distinct().Order(),
        ];
        Assert.Equal(served.Where(entry => !entry.Contains("grpc", StringComparison.OrdinalIgnoreCase)), described);
    }

    [Fact]
    public async Task EveryReferenceOfTheDescriptionLeadsSomewhere()
    {
        (_, JsonElement json) = await shared.Server.GetAsync("/openapi.json");
        int count = 0;
        Walk(json);
        Assert.True(count > 10);

        void Walk(JsonElement element)
        {
            if (element.ValueKind == JsonValueKind.Array)
            {
                foreach (JsonElement part in element.EnumerateArray())
                    Walk(part);
            }
            else if (element.ValueKind == JsonValueKind.Object)
            {
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    if (property.Name != "$ref")
                    {
                        Walk(property.Value);
                        continue;
                    }

                    JsonElement at = json;
                    foreach (string part in property.Value.GetString()![2..].Split('/'))
                        at = at.GetProperty(part);
                    count++;
                }
            }
        }
    }
}
