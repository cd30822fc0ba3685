using PolaFormer.Cuda;
using PolaFormer.Cuda.DeviceCheck;
using PolaFormer.Tensors;

// Runs the kernels on the GPU of this machine: `device` (which it is), `resources`, `check` (kernels against double precision), `operators` and `networks`
// (against the processor), `copy` (memory rate), `time TYPE TOKENS…`, `speed NETWORK…`, and
// `profile float|mixed NETWORK/train|infer|graph/BATCH…` (kernel by kernel). eng/device-check.sh calls it where there
// is a GPU. `operators cpu` and `networks cpu` hold the processor against itself, which tries the program where there is none.
switch (args)
{
    case ["operators", "cpu"]: return OperatorCheck.Run(Device.Cpu) ? 0 : 1;
    case ["networks", "cpu"]: return NetworkCheck.Run(Device.Cpu) ? 0 : 1;
}

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
        case ["device"]: Console.WriteLine($"{gpu}, compute capability {gpu.Capability / 10}.{gpu.Capability % 10}, products by {(stream.CublasLt is null ? "our kernel" : "cuBLASLt")}"); return 0;
        case ["resources"]: KernelResources.Print(stream); return 0;
        case ["check"]: return CoreCheck.Run(stream) & PolarityCheck.Run(stream) ? 0 : 1;
        case ["operators"]: return OperatorCheck.Run(CudaDevice.Open()) ? 0 : 1;
        case ["networks"]: return NetworkCheck.Run(CudaDevice.Open()) ? 0 : 1;
        case ["speed", .. string[] networks]: NetworkTiming.Print(CudaDevice.Open(), networks); return 0;
        case ["profile", "float" or "mixed", .. string[] works]: KernelProfile.Print(gpu, args[1] == "mixed", works); return 0;
        case ["copy"]: CopyRate.Print(stream); return 0;
        case ["time", string type, .. string[] tokens]: PolarityTiming.Print(stream, type, [.. tokens.Select(int.Parse)]); return 0;
        default: Console.Error.WriteLine("device | resources | check | operators | networks | copy | time bf16|float TOKENS… | speed NETWORK… | profile float|mixed NETWORK/train|infer|graph/BATCH…"); return 2;
    }
}
catch (Exception exception) when (exception is CudaException or InsufficientMemoryException)
{
    Console.Error.WriteLine(exception.Message);
    return 1;
}
