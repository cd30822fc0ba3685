namespace PolaFormer.Cuda.Driver;

/// <summary>What can be asked of or set for a kernel; the numbers are the driver's.</summary>
internal enum FunctionAttribute
{
    LocalBytes = 3,
    Registers = 4,
    MostDynamicSharedBytes = 8,
}
