using PolaFormer.Cuda;
using PolaFormer.Cuda.DeviceCheck;

// Runs the kernels on the GPU of this machine: `resources`, `check` (against double precision), `copy` (memory rate) and
// `time TYPE TOKENS…`. eng/device-check.sh calls it where there is a GPU.
if (Gpu.WhyUnavailable() is { } reason)
{
    Console.Error.WriteLine(reason);
    return 2;
}

try
{
    using Gpu gpu = Gpu.Open();
    using GpuStream stream = gpu.NewStream();
    switch (args)
    {
        case ["resources"]: KernelResources.Print(stream); return 0;
        case ["check"]: return CoreCheck.Run(stream) & PolarityCheck.Run(stream) ? 0 : 1;
        case ["copy"]: CopyRate.Print(stream); return 0;
        case ["time", string type, .. string[] tokens]: PolarityTiming.Print(stream, type, [.. tokens.Select(int.Parse)]); return 0;
        default: Console.Error.WriteLine("resources | check | copy | time bf16|float TOKENS…"); return 2;
    }
}
catch (CudaException exception)
{
    Console.Error.WriteLine(exception.Message);
    return 1;
}
