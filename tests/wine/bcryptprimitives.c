/*
 * ProcessPrng for wine, which lacks bcryptprimitives.dll before 9.0; Rust's standard library takes its random numbers
 * from there. For tests only: it stands beside the tested program and is never handed out.
 */
#include <windows.h>

/* RtlGenRandom, by the name that advapi32.dll exports */
BOOLEAN WINAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *data, SIZE_T length)
{
    return SystemFunction036(data, (ULONG)length);
}
