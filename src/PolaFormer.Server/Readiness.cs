namespace PolaFormer.Server;

/// <summary>Whether requests should be sent here: all models are loaded, and the server is not about to stop.</summary>
internal sealed class Readiness
{
    private volatile bool _isReady;

    /// <summary>Whether it is so.</summary>
    public bool IsReady
    {
        get => _isReady;
        set => _isReady = value;
    }
}
