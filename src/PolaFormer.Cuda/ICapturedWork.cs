namespace PolaFormer.Cuda;

/// <summary>Work that was taken down instead of done, to be done as often as is wanted.</summary>
internal interface ICapturedWork : IDisposable
{
    /// <summary>Queues it.</summary>
    void Run();
}
