using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using PolaFormer.LongRange;
using PolaFormer.Server.Repository;

namespace PolaFormer.Server.Tests;

/// <summary>A server on a free port of this machine, in this process.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly DirectoryInfo _folder;

    private RunningServer(WebApplication server, DirectoryInfo folder, HttpClient client)
    {
        (_server, _folder, Client) = (server, folder, client);
        client.BaseAddress = new Uri(server.Urls.First());
    }

    /// <summary>A client of it.</summary>
    public HttpClient Client { get; }

    /// <summary>Its address of HTTP.</summary>
    public Uri Address => Client.BaseAddress!;

    /// <summary>Its address of gRPC.</summary>
    public Uri GrpcAddress => new(_server.Urls.Last());

    /// <summary>A folder that goes with the server.</summary>
    public string Folder => _folder.FullName;

    /// <summary>What the server is made of.</summary>
    public IServiceProvider Services => _server.Services;

    /// <summary>Starts a server with the shipped classifier, and what else is asked for.</summary>
    /// <param name="change">Changes the settings; the second argument is a folder that goes with the server.</param>
    /// <param name="handler">What the client sends by.</param>
    public static async Task<RunningServer> StartAsync(Func<ServerOptions, string, ServerOptions>? change = null, HttpMessageHandler? handler = null)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory();
        var options = new ServerOptions { Port = 0, Models = [new ModelSource("cifar", Checkout.Classifier)] };
        WebApplication server = ServerHost.Build(change?.Invoke(options, folder.FullName) ?? options);
        await server.StartAsync(TestContext.Current.CancellationToken);
        await ServerHost.LoadAsync(server);
        return new RunningServer(server, folder, handler is null ? new HttpClient() : new HttpClient(handler));
    }

    /// <summary>Settings with a model of every task beside the classifier.</summary>
    public static ServerOptions WithEveryTask(ServerOptions options, string folder) => options with
    {
        GrpcPort = 0,
        AllowsModelControl = true,
        Models =
        [
            .. options.Models,
            new ModelSource("segmenter", TinyCheckpoints.Segmenter(folder)),
            new ModelSource("detector", TinyCheckpoints.Detector(folder)),
            new ModelSource("listops", TinyCheckpoints.Sequences(folder, ArenaTask.ListOps)),
            new ModelSource("retrieval", TinyCheckpoints.Sequences(folder, ArenaTask.Retrieval)),
            new ModelSource("pathfinder", TinyCheckpoints.Sequences(folder, ArenaTask.Pathfinder)),
        ],
    };

    /// <summary>Sends a body of a type and reads the answer's JSON.</summary>
    public async Task<(int Status, JsonElement Json)> PostAsync(string address, byte[] body, string type = "application/octet-stream")
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return await PostAsync(address, content);
    }

    /// <summary>Sends a body and reads the answer's JSON.</summary>
    public async Task<(int Status, JsonElement Json)> PostAsync(string address, HttpContent content)
    {
        using HttpResponseMessage response = await Client.PostAsync(address, content, TestContext.Current.CancellationToken);
        return ((int)response.StatusCode, await JsonOf(response));
    }

    /// <summary>The JSON of an address.</summary>
    public async Task<(int Status, JsonElement Json)> GetAsync(string address)
    {
        using HttpResponseMessage response = await Client.GetAsync(address, TestContext.Current.CancellationToken);
        return ((int)response.StatusCode, await JsonOf(response));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.StopAsync(TestContext.Current.CancellationToken);
        await _server.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static async Task<JsonElement> JsonOf(HttpResponseMessage response)
    {
        byte[] body = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        return body.Length == 0 ? default : JsonDocument.Parse(body).RootElement;
    }
}
