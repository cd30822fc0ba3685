namespace PolaFormer.Cuda;

/// <summary>Work on a GPU beside that of its device, in an order of its own.</summary>
internal interface ISideStream : IDisposable
{
    /// <summary>Takes the kernels.</summary>
    IKernelQueue Queue { get; }

    /// <summary>The driver's handle, for libraries.</summary>
    nint Handle { get; }

    /// <summary>Makes the GPU the one that calls of this thread mean.</summary>
    void Bind();

    /// <summary>Lets work from here on wait for the device's so far.</summary>
    void WaitForMain();

    /// <summary>Lets the device's work from here on wait for that of this stream so far.</summary>
    void LetMainWait();
}
