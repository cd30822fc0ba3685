namespace PolaFormer.Server.Tests;

/// <summary>One server with a model of every task, for tests that change nothing in it.</summary>
public sealed class SharedServer : IAsyncLifetime
{
    private RunningServer? _server;

    internal RunningServer Server => _server!;

    public async ValueTask InitializeAsync() => _server = await RunningServer.StartAsync(RunningServer.WithEveryTask);

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
