namespace PolaFormer.Cuda.DeviceCheck;

/// <summary>Registers and spilled bytes of the attention kernels, as the driver compiled them.</summary>
internal static class KernelResources
{
    public static void Print(GpuStream stream)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        foreach (string module in (string[])["polarity_bf16_32", "polarity_bf16_64", "polarity_bf16_128", "polarity_float_32", "polarity_float_64", "polarity_pp_bf16_64", "polarity_pp_float_64"])
        {
            foreach (string kernel in (string[])["keys", "queries", "query_gradients", "key_gradients"])
            {
                (int registers, int local) = stream.Resources(module, kernel);
                Console.WriteLine($"{module}/{kernel}: {registers} registers, {local} bytes of local memory");
            }

            Console.WriteLine($"{module} ready after {watch.ElapsedMilliseconds} ms");
        }
    }
}
