namespace PolaFormer.Cuda;

/// <summary>A stream beside a GPU's main one.</summary>
internal sealed class GpuSideStream(GpuStream main) : ISideStream
{
    private readonly GpuStream _stream = main.Gpu.NewStream();
    private readonly GpuEvent _mark = new(main.Gpu);

    public IKernelQueue Queue => _stream;

    public nint Handle => _stream.Handle;

    public void Bind() => main.Gpu.Bind();

    public void WaitForMain() => Wait(_stream, main);

    public void LetMainWait() => Wait(main, _stream);

    public void Dispose()
    {
        _stream.Dispose();
        _mark.Dispose();
    }

    // An event that is recorded again does not change what was told to wait for it before.
    private void Wait(GpuStream waits, GpuStream marks)
    {
        marks.Record(_mark);
        waits.WaitFor(_mark);
    }
}
