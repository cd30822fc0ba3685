namespace PolaFormer.Measurement;

/// <summary>Time and memory of a repeated computation with a model, against the matrix-product peak of the same run.</summary>
/// <param name="Model">Architecture.</param>
/// <param name="Batch">Images at a time.</param>
/// <param name="Threads">Threads.</param>
/// <param name="MedianMs">Median time.</param>
/// <param name="MinMs">Shortest time.</param>
/// <param name="Flops">Floating-point operations of one repetition.</param>
/// <param name="PeakRssBytes">Largest resident memory of the process.</param>
/// <param name="PeakTensorBytes">Largest memory of the tensors.</param>
/// <param name="GemmPeak">GFLOP/s of the best matrix product.</param>
public abstract record SpeedResult(string Model, int Batch, int Threads, double MedianMs, double MinMs, double Flops, long PeakRssBytes, long PeakTensorBytes, double GemmPeak)
{
    /// <summary>Images a second.</summary>
    public double ImagesPerSecond => 1000 * Batch / MedianMs;

    /// <summary>GFLOP/s of the median time.</summary>
    public double Gflops => Flops / MedianMs / 1e6;

    /// <summary>Where the time goes, if asked for.</summary>
    public Profile? Profile { get; init; }
}
