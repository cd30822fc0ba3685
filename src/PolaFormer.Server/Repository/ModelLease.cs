namespace PolaFormer.Server.Repository;

/// <summary>A model that stays in memory until this is disposed, whatever takes its place meanwhile.</summary>
internal sealed class ModelLease(LoadedModel model) : IDisposable
{
    private int _isDisposed;

    /// <summary>The model.</summary>
    public LoadedModel Model => model;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
            model.LetGo();
    }
}
