using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Driver;

/// <summary>The functions of NVIDIA's driver that are called. The library is looked for at the first call, not when this assembly is loaded.</summary>
internal static unsafe partial class DriverApi
{
    private const string Library = "cuda-driver";

    static DriverApi() => NativeLibrary.SetDllImportResolver(typeof(DriverApi).Assembly, NativeLibraries.Resolve);

    /// <summary>Lets this assembly's libraries be found; any use of this class does.</summary>
    internal static void Prepare()
    {
    }

    /// <summary>Names under which the driver is installed.</summary>
    internal static string[] FileNames { get; } = OperatingSystem.IsWindows() ? ["nvcuda.dll"] : ["libcuda.so.1", "libcuda.so"];

    [LibraryImport(Library)] internal static partial int cuInit(uint flags);
    [LibraryImport(Library)] internal static partial int cuDriverGetVersion(out int version);
    [LibraryImport(Library)] internal static partial int cuGetErrorName(int error, out byte* name);
    [LibraryImport(Library)] internal static partial int cuGetErrorString(int error, out byte* text);

    [LibraryImport(Library)] internal static partial int cuDeviceGetCount(out int count);
    [LibraryImport(Library)] internal static partial int cuDeviceGet(out int device, int ordinal);
    [LibraryImport(Library)] internal static partial int cuDeviceGetName(byte* name, int length, int device);
    [LibraryImport(Library)] internal static partial int cuDeviceGetUuid(byte* uuid, int device);
    [LibraryImport(Library)] internal static partial int cuDeviceGetAttribute(out int value, DeviceAttribute attribute, int device);
    [LibraryImport(Library)] internal static partial int cuDeviceTotalMem_v2(out nuint bytes, int device);
    [LibraryImport(Library)] internal static partial int cuDevicePrimaryCtxRetain(out nint context, int device);
    [LibraryImport(Library)] internal static partial int cuDevicePrimaryCtxRelease_v2(int device);
    [LibraryImport(Library)] internal static partial int cuCtxSetCurrent(nint context);
    [LibraryImport(Library)] internal static partial int cuCtxSynchronize();
    [LibraryImport(Library)] internal static partial int cuMemGetInfo_v2(out nuint free, out nuint total);

    [LibraryImport(Library)] internal static partial int cuModuleLoadDataEx(out nint module, byte* image, uint count, int* options, void** values);
    [LibraryImport(Library)] internal static partial int cuModuleUnload(nint module);
    [LibraryImport(Library)] internal static partial int cuModuleGetFunction(out nint function, nint module, byte* name);
    [LibraryImport(Library)] internal static partial int cuFuncSetAttribute(nint function, FunctionAttribute attribute, int value);
    [LibraryImport(Library)] internal static partial int cuFuncGetAttribute(out int value, FunctionAttribute attribute, nint function);
    [LibraryImport(Library)] internal static partial int cuLaunchKernel(nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ, uint sharedBytes, nint stream, void** arguments, void** extra);

    [LibraryImport(Library)] internal static partial int cuStreamCreate(out nint stream, uint flags);
    [LibraryImport(Library)] internal static partial int cuStreamDestroy_v2(nint stream);
    [LibraryImport(Library)] internal static partial int cuStreamSynchronize(nint stream);
    [LibraryImport(Library)] internal static partial int cuStreamWaitEvent(nint stream, nint happening, uint flags);
    [LibraryImport(Library)] internal static partial int cuStreamBeginCapture_v2(nint stream, int mode);
    [LibraryImport(Library)] internal static partial int cuStreamEndCapture(nint stream, out nint graph);

    [LibraryImport(Library)] internal static partial int cuEventCreate(out nint happening, uint flags);
    [LibraryImport(Library)] internal static partial int cuEventDestroy_v2(nint happening);
    [LibraryImport(Library)] internal static partial int cuEventRecord(nint happening, nint stream);
    [LibraryImport(Library)] internal static partial int cuEventSynchronize(nint happening);
    [LibraryImport(Library)] internal static partial int cuEventElapsedTime(out float milliseconds, nint start, nint end);

    [LibraryImport(Library)] internal static partial int cuDeviceGetDefaultMemPool(out nint pool, int device);
    [LibraryImport(Library)] internal static partial int cuMemPoolSetAttribute(nint pool, int attribute, void* value);
    [LibraryImport(Library)] internal static partial int cuMemPoolTrimTo(nint pool, nuint bytesToKeep);
    [LibraryImport(Library)] internal static partial int cuMemAllocAsync(out nint address, nuint bytes, nint stream);
    [LibraryImport(Library)] internal static partial int cuMemFreeAsync(nint address, nint stream);
    [LibraryImport(Library)] internal static partial int cuMemHostAlloc(out nint address, nuint bytes, uint flags);
    [LibraryImport(Library)] internal static partial int cuMemFreeHost(nint address);
    [LibraryImport(Library)] internal static partial int cuMemcpyHtoDAsync_v2(nint to, void* from, nuint bytes, nint stream);
    [LibraryImport(Library)] internal static partial int cuMemcpyDtoHAsync_v2(void* to, nint from, nuint bytes, nint stream);
    [LibraryImport(Library)] internal static partial int cuMemcpyDtoDAsync_v2(nint to, nint from, nuint bytes, nint stream);
    [LibraryImport(Library)] internal static partial int cuMemsetD8Async(nint to, byte value, nuint count, nint stream);

    [LibraryImport(Library)] internal static partial int cuGraphInstantiateWithFlags(out nint executable, nint graph, ulong flags);
    [LibraryImport(Library)] internal static partial int cuGraphLaunch(nint executable, nint stream);
    [LibraryImport(Library)] internal static partial int cuGraphExecDestroy(nint executable);
    [LibraryImport(Library)] internal static partial int cuGraphDestroy(nint graph);

    /// <summary>Throws what a result code other than success means.</summary>
    internal static void Check(int result, string action)
    {
        if (result != 0)
            throw new CudaException(result, action, Describe(result));
    }

    private static string Describe(int result)
    {
        string name = cuGetErrorName(result, out byte* n) == 0 ? Marshal.PtrToStringUTF8((nint)n)! : $"error {result}";
        return cuGetErrorString(result, out byte* text) == 0 ? $"{Marshal.PtrToStringUTF8((nint)text)} ({name})" : name;
    }
}
