namespace PolaFormer.Cuda.DeviceCheck;

/// <summary>Registers and spilled bytes of the kernels on tensor cores, as the driver compiled them.</summary>
internal static class KernelResources
{
    public static void Print(GpuStream stream)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        string[] passes = ["keys", "queries", "query_gradients", "key_gradients"];
        (string Module, string[] Kernels)[] modules =
        [
            .. ((string[])["polarity_bf16_32", "polarity_bf16_64", "polarity_bf16_128", "polarity_float_32", "polarity_float_64", "polarity_pp_bf16_64", "polarity_pp_float_64"]).Select(module => (module, passes)),
            ("softmax_attention", ["attend_float_64", "query_gradient_float_64", "key_gradients_float_64", "bias_gradient_float_64"]),
            ("product", ["product_float", "product_bf16"]),
        ];
        foreach ((string module, string[] kernels) in modules)
        {
            foreach (string kernel in kernels)
            {
                (int registers, int local) = stream.Resources(module, kernel);
                Console.WriteLine($"{module}/{kernel}: {registers} registers, {local} bytes of local memory");
            }

            Console.WriteLine($"{module} ready after {watch.ElapsedMilliseconds} ms");
        }
    }
}
